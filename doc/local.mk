# Programs and files of doc/.
