-- Suppliers in Saudi Arabia who alone made an order wait
select s_name, count(*) as waited from tpch.supplier join tpch.lineitem own on own.l_suppkey = s_suppkey
    join tpch.orders on o_orderkey = own.l_orderkey join tpch.nation on n_nationkey = s_nationkey
where n_name = 'SAUDI ARABIA' and o_orderstatus = 'F' and own.l_receiptdate > own.l_commitdate
    and exists (select 1 from tpch.lineitem other where other.l_orderkey = own.l_orderkey and other.l_suppkey <> own.l_suppkey)
    and not exists (
        select 1 from tpch.lineitem other where other.l_orderkey = own.l_orderkey and other.l_suppkey <> own.l_suppkey
            and other.l_receiptdate > other.l_commitdate
    )
group by s_name order by waited desc, s_name limit 100;
