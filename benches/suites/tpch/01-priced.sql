-- What was charged and discounted, by the state of a line
select l_returnflag, l_linestatus, sum(l_quantity) as quantity, sum(l_extendedprice) as price,
    sum(l_extendedprice * (1 - l_discount)) as discounted, sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) as charged,
    avg(l_quantity) as mean_quantity, avg(l_extendedprice) as mean_price, avg(l_discount) as mean_discount, count(*) as lines
from tpch.lineitem where l_shipdate <= date '1998-09-02'
group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus;
