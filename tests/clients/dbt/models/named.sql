select s.name, f.trips, f.most
from {{ ref('fares') }} f
join {{ source('city', 'metro_stations') }} s on s.station_id = f.from_station
order by s.station_id
