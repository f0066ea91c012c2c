# psql 16, which install takes out of a wheel, asked what Debian's is asked.
PATH=$PWD/.psql/16/bin:$PATH exec bash psql.sh
