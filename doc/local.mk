# Programs and files of doc/.
EXTRA_DIST += doc/architecture.md doc/adding.md
