select from_station, count(*) as trips, max(fare) as most
from {{ source('city', 'metro_trips') }}
group by 1
