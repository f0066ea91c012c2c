{% if execute %}
{% set columns = adapter.get_columns_in_relation(source('kinds', 'scalars')) %}
{% for c in columns %}-- {{ c.name }} {{ c.data_type }} {{ c.is_numeric() }} {{ c.is_string() }}
{% endfor %}
-- {{ adapter.get_relation('open', 'city', 'metro_trips') }} {{ adapter.get_relation('open', 'city', 'nosuch') }} {{ adapter.check_schema_exists('open', 'kinds') }}
{% set found = run_query("select station_id, opened from city.metro_stations order by 1") %}
-- {{ found.columns[0].values() | join(',') }} {{ found.columns[1].values() | join(',') }}
-- {{ dbt.current_timestamp() }} {{ dbt.dateadd('day', 1, "entered_at") }}
{% endif %}
select {{ dbt.date_trunc('month', 'entered_at') }} as month, count(*) from {{ source('city', 'metro_trips') }} group by 1
