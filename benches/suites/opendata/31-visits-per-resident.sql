-- Visits against residents, three domains of keys
select p.district_code, p.residents, v.visits, t.trees from (
    select district_code, sum(residents) as residents from reference.population where year = 2023 group by district_code
) p join (
    select district_code, sum(respiratory + injury + other) as visits from health.clinic_visits
    where day >= date '2023-01-01' and day < date '2024-01-01' group by district_code
) v on v.district_code = p.district_code join (
    select district_code, count(*) as trees from environment.street_trees group by district_code
) t on t.district_code = p.district_code
order by p.district_code;
