#!/bin/sh
# Put here by enve-deploy.
# pm, the process manager of /var/opt/pm
#
# PROVIDE: enve_pm
# REQUIRE: LOGIN NETWORKING
# KEYWORD: shutdown

. /etc/rc.subr

name=enve_pm
case $(uname -s) in
  NetBSD) rcvar=enve_pm ;;
  *) rcvar=enve_pm_enable ;;
esac
start_cmd=enve_pm_start
stop_cmd=enve_pm_stop
status_cmd=enve_pm_status

enve_pm_status() {
  /var/opt/pm/pm status
}

enve_pm_start() {
  enve_pm_status >/dev/null 2>&1 || /var/opt/pm/pm run --respawn --detach
}

enve_pm_stop() {
  /var/opt/pm/pm host stop --kind none
}

load_rc_config enve_pm
: "${enve_pm_enable:=YES}" "${enve_pm:=YES}"
run_rc_command "$1"
