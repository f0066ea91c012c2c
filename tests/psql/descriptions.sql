-- What clients are told of columns and parameters.
select 'a'::char(3), 'b'::varchar(7), '12:00'::time(2), '2024-01-01'::timestamptz(3), '2024-01-01'::timestamp(0), 1.5::numeric(5,2), 'c'::char, 'd'::varchar \gdesc
select a, b, upper(b) as c, b::text as d, a || b as e from (select 'a'::char(3) as a, 'b'::varchar(7) as b) t \gdesc
select current_user, session_user, current_database(), current_schema, version(), pg_client_encoding(), inet_client_addr(), pg_notify('a', 'b') \gdesc
prepare typed as select $1::char, $2::char(3), $3::varchar(2), $4::varchar, $5::text, $6::dec(3,1);
select parameter_types from pg_prepared_statements where name = 'typed';
execute typed('ab', 'cd', 'efg', 'hij', 'klm', 1.25);
prepare declared(text, text, text) as select $1::jsonb, $2::uuid, $3::json;
execute declared('{"b":1,"a":2}', 'A0EEBC999C0B4EF8BB6D6BB9BD380A11', '{"b":1 }');
execute declared(null, 'x', null);
prepare found as select $1::jsonb, $2::uuid, $3::json;
select parameter_types from pg_prepared_statements where name = 'found';
execute found('{"b":1,"a":2}', 'A0EEBC999C0B4EF8BB6D6BB9BD380A11', '{"b":1 }');
select 'A0EEBC999C0B4EF8BB6D6BB9BD380A11'::uuid::uuid, key::uuid from (select 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as key) t;
select 1::uuid;
select metro.* from (select 1 as one) metro;
