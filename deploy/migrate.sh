#!/bin/sh
# Makes roles, database and tables, then ends. Safe to run again, and beside another one.
set -eu
python -m config.roles
exec python manage.py migrate --database owner --noinput
