# GDAL's PostgreSQL driver: ogrinfo and ogr2ogr, as QGIS reads tables.
echo "## GDAL $(ogrinfo --version | sed -E 's/GDAL ([0-9.]+).*/\1/')"
pg="PG:host=$PGHOST port=$PGPORT dbname=$PGDATABASE user=$PGUSER${PGPASSWORD:+ password=$PGPASSWORD}"
export PG_LIST_ALL_TABLES=YES CPL_LOG=/dev/null
# Places and what each server says of itself.
plain() { sed -E "s/port=[0-9]+/port=/; s/^INFO: .*//; /^HINT|^DETAIL/d" | grep -v '^$'; }

echo "# connect"
# Stoa has schemas of its own beside the data's.
ogrinfo "$pg" | plain | sed -E 's/^[0-9]+: //' | grep -vE '^(catalog|system)\.' | sort
ogrinfo "$pg schemas=kinds" | plain | sed -E 's/^[0-9]+: //' | sort

echo "# metadata"
for layer in kinds.scalars kinds.edges kinds.nested city.metro_stations city.metro_trips names.odd; do
    ogrinfo -so "$pg" "$layer" 2>&1 | plain
done
ogrinfo -al -so "$pg tables=city.metro_stations,city.metro_trips" 2>&1 | plain

echo "# types-text"
for layer in kinds.edges kinds.nested city.metro_stations names.odd; do
    ogrinfo -q "$pg" "$layer" 2>&1 | plain
done
ogrinfo -q "$pg" kinds.scalars -where 'id <> 5' 2>&1 | plain

echo "# queries"
ogrinfo -q "$pg" city.metro_stations -where "opened > 1900 and name like 'M%'" 2>&1 | plain
ogrinfo -q "$pg" -sql "select ticket, count(*) as n, avg(fare) as mean from city.metro_trips group by ticket order by ticket" 2>&1 | plain
ogrinfo -q "$pg" -dialect sqlite -sql "select count(*) n, max(name) name from metro_stations where opened > 1950" 2>&1 | plain
ogrinfo -q "$pg" city.metro_trips -fid 7 2>&1 | plain
ogrinfo -q "$pg" -sql "select nope from city.metro_trips" 2>&1 | plain

echo "# stream"
ogr2ogr -f CSV /vsistdout/ "$pg" city.metro_stations 2>&1 | plain
ogr2ogr -f GeoJSON /vsistdout/ "$pg" -sql "select trip_id, from_station, entered_at, fare from city.metro_trips order by trip_id limit 3" 2>&1 | plain
ogr2ogr -f CSV /vsistdout/ "$pg" city.metro_trips 2>&1 | md5sum
ogr2ogr -f GeoJSON /vsistdout/ "$pg" -nln points -dialect sqlite -sql "select station_id, ST_GeomFromText(geometry, 4326) from metro_stations" 2>&1 | plain
