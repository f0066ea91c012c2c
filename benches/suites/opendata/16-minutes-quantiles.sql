-- Quantiles of a column
select percentile_cont(0.5) within group (order by minutes) as median, percentile_cont(0.95) within group (order by minutes) as p95
from transport.metro_trips;
