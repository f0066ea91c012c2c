\startpipeline
select 1;
select count(*) from kinds.scalars where id < :client_id + 3;
select 'x';
\endpipeline
