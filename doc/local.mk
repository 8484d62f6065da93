# Programs and files of doc/.
EXTRA_DIST += doc/architecture.md doc/adding.md
dist_man_MANS += doc/loft-send.1 doc/loft-lmtp.8
