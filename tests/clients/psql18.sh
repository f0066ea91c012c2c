# psql 18, which install takes out of a wheel, asked what Debian's is asked.
PATH=$PWD/.psql/18/bin:$PATH exec bash psql.sh
