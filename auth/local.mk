# Programs and files of auth/.
