-- Date truncation to quarters
select kind, date_trunc('quarter', week) as quarter, sum(tonnes) as tonnes from environment.waste_collection
group by kind, date_trunc('quarter', week) order by kind, quarter limit 40;
