# Programs and files of master/.
EXTRA_DIST += master/master-settings.h
