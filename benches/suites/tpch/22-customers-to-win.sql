-- Customers of good balance without orders, by country code
with called as (
    select substring(c_phone from 1 for 2) as country, c_acctbal, c_custkey from tpch.customer
    where substring(c_phone from 1 for 2) in ('13', '31', '23', '29', '30', '18', '17')
)
select country, count(*) as customers, sum(c_acctbal) as balance from called
where c_acctbal > (select avg(c_acctbal) from called where c_acctbal > 0)
    and not exists (select 1 from tpch.orders where o_custkey = c_custkey)
group by country order by country;
