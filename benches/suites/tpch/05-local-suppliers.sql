-- Revenue in Asia where customer and supplier are of one nation
select n_name, sum(l_extendedprice * (1 - l_discount)) as revenue
from tpch.region join tpch.nation on n_regionkey = r_regionkey
    join tpch.customer on c_nationkey = n_nationkey join tpch.orders on o_custkey = c_custkey
    join tpch.lineitem on l_orderkey = o_orderkey join tpch.supplier on s_suppkey = l_suppkey and s_nationkey = c_nationkey
where r_name = 'ASIA' and o_orderdate >= date '1994-01-01' and o_orderdate < date '1995-01-01'
group by n_name order by revenue desc;
