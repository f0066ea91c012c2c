-- A running total over days
select day, respiratory, sum(respiratory) over (order by day rows between unbounded preceding and current row) as so_far
from health.clinic_visits where district_code = '091001' order by day limit 60;
