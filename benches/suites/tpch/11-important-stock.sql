-- Parts that make up most of a nation's stock
with stock as (
    select ps_partkey, ps_supplycost * ps_availqty as value
    from tpch.partsupp join tpch.supplier on s_suppkey = ps_suppkey join tpch.nation on n_nationkey = s_nationkey
    where n_name = 'GERMANY'
)
select ps_partkey, sum(value) as value from stock group by ps_partkey
having sum(value) > (select sum(value) * 0.0001 from stock) order by value desc, ps_partkey;
