-- How many customers have how many orders
select orders, count(*) as customers from (
    select c_custkey, count(o_orderkey) as orders from tpch.customer
    left join tpch.orders on o_custkey = c_custkey and o_comment not like '%special%requests%'
    group by c_custkey
) each_customer group by orders order by customers desc, orders desc;
