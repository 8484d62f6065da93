# Programs and files of lmtp/.
