select 1 as one \;
select count(*) as n from kinds.scalars \;
select 2 as two \aset
\if :two = 2
select :two + :n;
\endif
\sleep 1 us
