-- Who in Europe sells a part of this size and metal at the lowest price
with europe as (
    select s_suppkey, s_acctbal, s_name, s_address, s_phone, s_comment, n_name
    from tpch.supplier join tpch.nation on n_nationkey = s_nationkey join tpch.region on r_regionkey = n_regionkey
    where r_name = 'EUROPE'
)
select e.s_acctbal, e.s_name, e.n_name, p.p_partkey, p.p_mfgr, e.s_address, e.s_phone, e.s_comment
from tpch.part p join tpch.partsupp ps on ps.ps_partkey = p.p_partkey join europe e on e.s_suppkey = ps.ps_suppkey
where p.p_size = 15 and p.p_type like '%BRASS' and ps.ps_supplycost = (
    select min(other.ps_supplycost) from tpch.partsupp other join europe on europe.s_suppkey = other.ps_suppkey
    where other.ps_partkey = p.p_partkey
)
order by e.s_acctbal desc, e.n_name, e.s_name, p.p_partkey limit 100;
