# Programs and files of conf.d/.
