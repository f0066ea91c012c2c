-- The customers who sent most back
select c_custkey, c_name, sum(l_extendedprice * (1 - l_discount)) as lost, c_acctbal, n_name, c_address, c_phone, c_comment
from tpch.customer join tpch.orders on o_custkey = c_custkey join tpch.lineitem on l_orderkey = o_orderkey
    join tpch.nation on n_nationkey = c_nationkey
where o_orderdate >= date '1993-10-01' and o_orderdate < date '1994-01-01' and l_returnflag = 'R'
group by c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment order by lost desc, c_custkey limit 20;
