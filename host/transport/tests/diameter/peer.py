"""A Diameter peer in bytes: RFC 6733 sections 3 and 4.1 by hand. Prints what each request was answered."""

import socket
import struct
import sys

CX, TGPP = 16777216, 10415


def avp(code, data, vendor=0):
    if isinstance(data, int):
        data = struct.pack("!I", data)
    elif isinstance(data, str):
        data = data.encode()
    flags, head = (0xC0, struct.pack("!I", vendor)) if vendor else (0x40, b"")
    length = 8 + len(head) + len(data)
    whole = struct.pack("!IB3s", code, flags, length.to_bytes(3, "big")) + head + data
    return whole + bytes(-length % 4)


def message(flags, command, application, number, *avps):
    body = b"".join(avps)
    head = struct.pack("!B3sB3sIII", 1, (20 + len(body)).to_bytes(3, "big"), flags, command.to_bytes(3, "big"),
                       application, number, number + 1000)
    return head + body


def exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def receive(connection):
    head = exactly(connection, 20)
    version, length, flags, command, application, hop, end = struct.unpack("!B3sB3sIII", head)
    assert version == 1
    body = exactly(connection, int.from_bytes(length, "big") - 20)
    avps = {}
    while body:
        code, bits, size = struct.unpack("!IB3s", body[:8])
        size = int.from_bytes(size, "big")
        avps[code] = body[12 if bits & 0x80 else 8:size]
        body = body[size + -size % 4:]
    return flags, int.from_bytes(command, "big"), application, hop, end, avps


def ask(connection, name, flags, command, application, number, *avps):
    connection.sendall(message(flags, command, application, number, *avps))
    got_flags, got_command, got_application, hop, end, answer = receive(connection)
    assert not got_flags & 0x80, "a request came"
    assert (got_command, got_application) == (command, application)
    assert (hop, end) == (number, number + 1000)
    assert answer[264] == b"hss.ims.test" and answer[296] == b"ims.test"
    print(name, struct.unpack("!I", answer[268])[0])
    return answer


def main():
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
    me = avp(264, "py.ims.test") + avp(296, "ims.test")
    cx = avp(260, avp(266, TGPP) + avp(258, CX))
    address = avp(257, b"\x00\x01\x7f\x00\x00\x01")
    session = avp(263, "py.ims.test;1;1")
    lir = session + cx + avp(277, 1) + me + avp(283, "ims.test") + avp(601, "sip:alice@ims.test", TGPP)
    cea = ask(connection, "CEA", 0x80, 257, 0, 1, me, address, avp(266, 0), avp(269, "python"), cx)
    assert cea[269] == b"test"
    ask(connection, "DWA", 0x80, 280, 0, 2, me)
    lia = ask(connection, "LIA", 0xC0, 302, CX, 3, lir)
    assert lia[263] == b"py.ims.test;1;1"
    ask(connection, "UNKNOWN", 0xC0, 999, CX, 4, lir)
    ask(connection, "DPA", 0x80, 282, 0, 5, me, avp(273, 0))
    # who asked to part closes (section 5.4)
    connection.close()


main()
