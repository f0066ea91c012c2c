select 1;
select 1 / (:client_id::int - :client_id);
