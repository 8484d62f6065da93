# Programs and files of log/.
