"""A small MQTT 3.1.1 client over mutual TLS (QoS 0 and 1), for devices that tests play. It never connects again by itself:
what happens to a connection is what a test wants to see."""
import select, socket, ssl, struct, threading


def _text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(value)) + value


class Refused(Exception):
    pass


class MqttClient:
    def __init__(self, port, ca, certificate, key, on_message, client="any", will=None):
        context = ssl.create_default_context(cafile=str(ca))
        context.load_cert_chain(str(certificate), str(key))
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10), server_hostname="127.0.0.1")
        self.on_message, self.answers, self.closed = on_message, {}, threading.Event()
        self.condition, self.next_id = threading.Condition(), 1
        self.tls = threading.Lock()  # OpenSSL may not read and write one connection from two threads at once
        self.buffer = b""
        flags, payload = 0, _text(client)
        if will:
            flags |= 0x04 | 0x08 | 0x20  # will, QoS 1, retained
            payload += _text(will[0]) + _text(will[1])
        self._send(0x10, _text("MQTT") + bytes([4, flags | 0x02]) + struct.pack(">H", 60) + payload)
        kind, body = self._read()
        if kind != 0x20 or body[1] != 0:
            raise Refused(f"CONNACK {body!r}")
        self.socket.setblocking(False)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _send(self, head, body):
        length, left = b"", len(body)
        while True:
            length += bytes([left % 128 | (0x80 if left > 127 else 0)])
            left //= 128
            if not left:
                break
        data = bytes([head]) + length + body
        while data:
            try:
                with self.tls:
                    data = data[self.socket.send(data):]
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                select.select([], [self.socket], [], 1)

    def _exactly(self, count):
        while len(self.buffer) < count:
            try:
                with self.tls:
                    piece = self.socket.recv(65536)
            except ssl.SSLWantReadError:
                select.select([self.socket], [], [], 1)
                continue
            if not piece:
                raise ConnectionError("closed")
            self.buffer += piece
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _read(self):
        head, length, shift = self._exactly(1)[0], 0, 0
        while True:
            byte = self._exactly(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return head, self._exactly(length)

    def _run(self):
        try:
            while True:
                head, body = self._read()
                if head & 0xF0 == 0x30:
                    size = struct.unpack(">H", body[:2])[0]
                    topic, rest = body[2:2 + size].decode(), body[2 + size:]
                    if head & 0x06:
                        self._send(0x40, rest[:2])
                        rest = rest[2:]
                    self.on_message(topic, rest)
                elif head in (0x40, 0x90):
                    with self.condition:
                        self.answers[struct.unpack(">H", body[:2])[0]] = body[2:]
                        self.condition.notify_all()
        except (OSError, ValueError):  # ValueError: the test closed it
            pass
        finally:
            self.closed.set()
            with self.condition:
                self.condition.notify_all()

    def _asked(self, head, make_body):
        with self.condition:
            number, self.next_id = self.next_id, self.next_id % 65535 + 1
        self._send(head, make_body(struct.pack(">H", number)))
        with self.condition:
            if not self.condition.wait_for(lambda: number in self.answers or self.closed.is_set(), 10) or number not in self.answers:
                raise ConnectionError("no answer")
            return self.answers.pop(number)

    def subscribe(self, topic):
        """Whether the broker allows it."""
        return self._asked(0x82, lambda number: number + _text(topic) + b"\x01")[0] != 0x80

    def publish(self, topic, payload, retained=False):
        self._asked(0x32 | retained, lambda number: _text(topic) + number + payload)

    def close(self):
        """As a device that loses its power: no farewell."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
