/*
 * How mail is delivered and refused, for lmtp and loft-lda alike.
 */
#ifndef LOFT_DELIVER_SETTINGS_H
#define LOFT_DELIVER_SETTINGS_H

#include "conf/settings.h"

#define DELIVER_SETTINGS(X) \
	X(STR, hostname, "", \
	  "Name of this host in greetings, Received, Message-IDs and " \
	  "reports; empty means the system's own.") \
	X(VARS, postmaster_address, \
	  "postmaster@%{if;%d;ne;;%d;%{hostname}}", \
	  "Sender of rejection mails.") \
	X(BOOL, lda_mailbox_autocreate, "no", \
	  "Create a missing target mailbox.") \
	X(BOOL, lda_mailbox_autosubscribe, "no", \
	  "Subscribe to a mailbox that was created so.") \
	X(STR, lda_original_recipient_header, "", \
	  "Header field that names the original recipient.") \
	X(STR, recipient_delimiter, "+", \
	  "Characters each of which parts a user from the detail behind.") \
	X(BOOL, quota_full_tempfail, "no", \
	  "Answer a full mailbox with a temporary failure.") \
	X(VARS, deliver_log_format, "msgid=%m: %$", \
	  "What is logged about a delivery; %$ is the result.") \
	X(UINT, deliver_max_delivered_to, "10", \
	  "A message loops that names its recipient in more Delivered-To " \
	  "fields than this; 0 means that none does.") \
	X(UINT, deliver_max_received, "100", \
	  "A message loops that has more Received fields than this; 0 means " \
	  "that none does.") \
	X(VARS, rejection_subject, "Rejected: %s", \
	  "Subject of rejection mails; %s is the message's, %t the " \
	  "recipient, %r the reason.") \
	X(VARS, rejection_reason, "Your message to <%t> was automatically " \
	  "rejected:%n%r", "Text of rejection mails, with the same; %n is a " \
	  "line end.") \
	X(STR, sendmail_path, "/usr/sbin/sendmail", \
	  "Program that sends mail.") \
	X(STR, submission_host, "", \
	  "Host or host:port that takes mail by SMTP instead of " \
	  "sendmail_path; the port is 25, or 465 with smtps.") \
	X(ENUM, submission_ssl, "no:smtps:starttls", \
	  "TLS towards submission_host.") \
	X(TIME, submission_timeout, "30 secs", \
	  "Longest wait for submission_host, or for sendmail_path to end.") \
	X(STR, deliver_send_path, "", \
	  "Program that speaks TLS with submission_host; empty means the " \
	  "installed loft-send.") \
	X(STR, ssl_client_ca_dir, "", \
	  "Directory of certificates that servers are checked against.") \
	X(STR, ssl_client_ca_file, "", \
	  "File of certificates that servers are checked against.") \
	X(BOOL, ssl_client_require_valid_cert, "yes", \
	  "Refuse servers whose certificate can't be verified.")

SETTINGS_STRUCT(deliver_settings, DELIVER_SETTINGS);

#endif
