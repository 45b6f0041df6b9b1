# Run once by PostgreSQL's image, after initdb: lets the standby copy the data directory.
echo "host replication $POSTGRES_USER samenet scram-sha-256" >>"$PGDATA/pg_hba.conf"
