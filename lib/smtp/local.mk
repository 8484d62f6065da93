libloft_a_SOURCES +=
