# Programs and files of lda/.
