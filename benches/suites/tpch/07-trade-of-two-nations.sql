-- What two nations ship to each other, by year
select supplies.n_name as supplier, buys.n_name as customer, extract(year from l_shipdate) as year, sum(l_extendedprice * (1 - l_discount)) as revenue
from tpch.supplier join tpch.lineitem on l_suppkey = s_suppkey join tpch.orders on o_orderkey = l_orderkey
    join tpch.customer on c_custkey = o_custkey
    join tpch.nation supplies on supplies.n_nationkey = s_nationkey join tpch.nation buys on buys.n_nationkey = c_nationkey
where l_shipdate between date '1995-01-01' and date '1996-12-31'
    and ((supplies.n_name = 'FRANCE' and buys.n_name = 'GERMANY') or (supplies.n_name = 'GERMANY' and buys.n_name = 'FRANCE'))
group by supplies.n_name, buys.n_name, extract(year from l_shipdate) order by supplier, customer, year;
