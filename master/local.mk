# Programs and files of master/.
