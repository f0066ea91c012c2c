-- What a year would lose without small orders of one kind of part
select sum(l_extendedprice) / 7.0 as yearly from tpch.lineitem join tpch.part on p_partkey = l_partkey
where p_brand = 'Brand#23' and p_container = 'MED BOX'
    and l_quantity < (select 0.2 * avg(l_quantity) from tpch.lineitem where l_partkey = p_partkey);
