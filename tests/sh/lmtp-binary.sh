#!/bin/bash
# Binary mail (BINARYMIME) of many shapes, in chunks of any size: Python's MIME parser finds in the Maildir what was sent.
. "${srcdir:?}/tests/harness.sh"
command -v python3 >/dev/null || skip "python3 is not installed"

port=$(free_port)
loft_conf <<CONF
mail_fsync = never
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
}
CONF
loft_start
cat >"$scratch/binary.py" <<'PY'
import email, glob, random, socket, sys

port, maildir, rnd = int(sys.argv[1]), sys.argv[2], random.Random(7)
leaves = []

def octets():
    text = b''.join(rnd.choice([b'\r', b'\n', b'\r\n', b'-', b'--', b'--b', b'--b0', b'.', b'\0', b'\xff', b'text', bytes([rnd.randrange(256)])])
                    for _ in range(rnd.randrange(200)))
    return text + b'x' * rnd.choice([0, 0, 0, 5000])

def leaf(n):
    leaves.append((n, octets()))
    return b'Content-Type: application/x-n; n=%d\r\nContent-Transfer-Encoding: binary\r\n\r\n%s' % leaves[-1]

def part(depth, count):
    kind = rnd.randrange(4) if depth < 4 else 0
    if kind == 0:
        return leaf(len(leaves))
    if kind == 1:
        return b'Content-Type: message/rfc822\r\n\r\nSubject: inside\r\nMIME-Version: 1.0\r\n' + part(depth + 1, count)
    if kind == 2:
        return b'X: y\r\n\r\n--b0 is no boundary here\r\n'
    b = b'"b%d %d"' % (depth, rnd.randrange(9))
    text = b'Content-Type: multipart/mixed;\r\n boundary=%s\r\nContent-Transfer-Encoding: binary\r\n\r\npreamble\r\n' % b
    for _ in range(rnd.randrange(1, 4)):
        text += b'\r\n--%s\r\n%s' % (b.strip(b'"'), part(depth + 1, count))
    return text + b'\r\n--%s--\r\n' % b.strip(b'"')

s = socket.create_connection(('127.0.0.1', port))
f = s.makefile('rb')
def reply(code):
    while True:
        line = f.readline()
        assert line.startswith(code), line
        if line[3:4] == b' ':
            return
reply(b'220')
s.sendall(b'LHLO x\r\n')
reply(b'250')
sent = []
for i in range(200):
    leaves.clear()
    text = b'Subject: %d\r\nMIME-Version: 1.0\r\n' % i + part(0, 0)
    sent.append(list(leaves))
    s.sendall(b'MAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<alice>\r\n')
    reply(b'250'); reply(b'250')
    while text:
        n = rnd.randrange(1, len(text) + 1) if rnd.randrange(3) else len(text)
        s.sendall(b'BDAT %d%s\r\n%s' % (n, b' LAST' if n == len(text) else b'', text[:n]))
        reply(b'250')
        text = text[n:]

found = {}
for name in glob.glob(maildir + '/new/*'):
    raw = open(name, 'rb').read()
    assert b'\0' not in raw and b'\r' not in raw, name
    mail = email.message_from_bytes(raw)
    found[int(mail['Subject'])] = [(int(p.get_param('n')), p.get_payload(decode=True)) for p in mail.walk()
                                   if p.get_content_type() == 'application/x-n']
assert len(found) == 200, len(found)
for i, parts in enumerate(sent):
    assert found[i] == parts, (i, parts, found[i])
print(sum(len(p) for p in sent), 'binary parts')
PY
timeout 100 python3 "$scratch/binary.py" "$port" "$loft_dir/mail/alice/Maildir" || fail "see above"
! grep -E 'Panic|Fatal|Error|killed' "$loft_log" || fail "errors in the log"
loft_stop || fail "status"
echo ok
