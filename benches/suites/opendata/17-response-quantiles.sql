-- Quantiles within groups
select kind, percentile_cont(0.5) within group (order by response_min) as median, count(*) as calls
from health.emergency_calls group by kind order by kind;
