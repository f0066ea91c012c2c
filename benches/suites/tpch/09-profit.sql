-- Profit on green parts, by nation and year
select nation, year, sum(amount) as profit from (
    select n_name as nation, extract(year from o_orderdate) as year,
        l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity as amount
    from tpch.part join tpch.lineitem on l_partkey = p_partkey
        join tpch.partsupp on ps_partkey = l_partkey and ps_suppkey = l_suppkey
        join tpch.supplier on s_suppkey = l_suppkey join tpch.nation on n_nationkey = s_nationkey
        join tpch.orders on o_orderkey = l_orderkey
    where p_name like '%green%'
) sales group by nation, year order by nation, year desc;
