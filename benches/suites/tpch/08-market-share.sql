-- A nation's share of a part's market in a region, by year
select year, sum(case when nation = 'BRAZIL' then volume else 0 end) / sum(volume) as share from (
    select extract(year from o_orderdate) as year, l_extendedprice * (1 - l_discount) as volume, sells.n_name as nation
    from tpch.part join tpch.lineitem on l_partkey = p_partkey join tpch.orders on o_orderkey = l_orderkey
        join tpch.customer on c_custkey = o_custkey join tpch.nation buys on buys.n_nationkey = c_nationkey
        join tpch.region on r_regionkey = buys.n_regionkey
        join tpch.supplier on s_suppkey = l_suppkey join tpch.nation sells on sells.n_nationkey = s_nationkey
    where r_name = 'AMERICA' and o_orderdate between date '1995-01-01' and date '1996-12-31' and p_type = 'ECONOMY ANODIZED STEEL'
) sales group by year order by year;
