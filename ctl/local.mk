# Programs and files of ctl/.
