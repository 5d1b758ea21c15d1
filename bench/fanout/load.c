/* Websocket clients that only read, many thousands of them in one process that costs little.
 *
 *   load PORT PATH CLIENTS PER_SECOND SKUS_EACH SKUS RECORDS
 *
 * Connects to 127.0.0.1, PER_SECOND clients each second; each subscribes to SKUS_EACH of SKUS (0: to nothing, it is sent
 * whatever there is), and when all are answered it prints `ready`. For each line `N` on stdin it waits until N values
 * have come in all, 60 seconds at most, and prints what came as a line of JSON; for a line `0` it prints what came since
 * the line before. If RECORDS is a file, each value's SKU,
 * version and time (CLOCK_MONOTONIC, ns) are written there as three 64-bit numbers.
 *
 * Frames are parsed as RFC 6455, 5.2, has them, values as ShopFlow writes them; nothing is answered but pings.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 1, CLOSE = 8, PING = 9 }; /* Opcodes. */
enum { MOST_EVENTS = 1024, WITHIN_S = 60, MOST_RECORDS = 20000000 };

struct client {
    int fd;
    int greeted;       /* The handshake's answer has been read. */
    int told;          /* Its first message has come. */
    int head_len;      /* Of a frame, as far as it was read. */
    uint8_t head[10];
    uint64_t left;     /* Of its payload. */
    int opcode;
    int close_code;
    int end_seen;      /* Of CRLF CRLF. */
    int in_text, is_value;
    char text[32];     /* The last string, cut off. */
    int text_len;
    char key[16];
    uint64_t sku, number;
    int has_number;
};

static struct client *clients;
static uint64_t values, frames, bytes_read, first_ns, last_ns, told, recorded;
static FILE *records;

static uint64_t now_ns(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void value_came(struct client *c, uint64_t at_ns) {
    values++;
    if (!first_ns) first_ns = at_ns;
    last_ns = at_ns;
    if (records && recorded++ < MOST_RECORDS) {
        uint64_t row[3] = {c->sku, c->number, at_ns};
        fwrite(row, sizeof row, 1, records);
    }
}

static uint64_t digits_at_end(const char *text, int len) {
    uint64_t number = 0;
    int begin = len;
    while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') begin--;
    for (int i = begin; i < len; i++) number = number * 10 + (uint64_t)(text[i] - '0');
    return number;
}

/* One character of a message. Keys and SKUs have no escapes. */
static void read_char(struct client *c, char ch, uint64_t at_ns) {
    if (c->in_text) {
        if (ch == '"') {
            c->in_text = 0;
            if (c->is_value && !strcmp(c->key, "sku")) c->sku = digits_at_end(c->text, c->text_len);
        } else if (c->text_len < (int)sizeof c->text - 1) {
            c->text[c->text_len++] = ch;
        }
        return;
    }
    if (ch >= '0' && ch <= '9') {
        c->number = c->number * 10 + (uint64_t)(ch - '0');
        c->has_number = 1;
        return;
    }
    if (c->has_number && !strcmp(c->key, "version")) value_came(c, at_ns);
    c->has_number = 0;
    c->number = 0;
    if (ch == '"') {
        c->in_text = 1;
        c->text_len = 0;
    } else if (ch == ':') {
        c->text[c->text_len] = 0;
        snprintf(c->key, sizeof c->key, "%.15s", c->text);
        c->is_value = 1;
    } else if (ch == ',' || ch == '{') {
        c->is_value = 0;
    }
}

/* A frame's head as far as it is there; 1 when it is whole. */
static int read_head(struct client *c, uint8_t byte) {
    c->head[c->head_len++] = byte;
    if (c->head_len < 2) return 0;
    int len = c->head[1] & 127, extra = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (c->head_len < 2 + extra) return 0;
    c->left = extra ? 0 : (uint64_t)len;
    for (int i = 0; i < extra; i++) c->left = c->left << 8 | c->head[2 + i];
    c->opcode = c->head[0] & 15;
    c->close_code = 0;
    c->head_len = 0;
    c->in_text = c->is_value = c->text_len = c->has_number = 0;
    c->number = 0;
    c->key[0] = 0;
    return 1;
}

static void frame_ended(struct client *c) {
    static const uint8_t pong[6] = {0x8a, 0x80, 0, 0, 0, 0};
    if (c->opcode == CLOSE) {
        fprintf(stderr, "load: the server closes a connection, code %d\n", c->close_code);
        exit(1);
    }
    if (c->opcode == PING) {
        if (write(c->fd, pong, sizeof pong) < 0 && errno != EAGAIN) fail("pong");
        return;
    }
    frames++;
    if (!c->told) {
        c->told = 1;
        told++;
    }
}

static void take(struct client *c, const uint8_t *data, size_t len) {
    uint64_t at_ns = now_ns();
    for (size_t i = 0; i < len; i++) {
        if (!c->greeted) {
            c->end_seen = data[i] == "\r\n\r\n"[c->end_seen] ? c->end_seen + 1 : data[i] == '\r';
            if (c->end_seen == 4) c->greeted = 1;
        } else if (!c->left) {
            if (read_head(c, data[i]) && !c->left) frame_ended(c);
        } else {
            if (c->opcode == TEXT) read_char(c, (char)data[i], at_ns);
            else if (c->opcode == CLOSE && c->close_code < 256) c->close_code = c->close_code << 8 | data[i];
            if (!--c->left) frame_ended(c);
        }
    }
}

static void drain(struct client *c) {
    static uint8_t buffer[262144];
    ssize_t got;
    while ((got = read(c->fd, buffer, sizeof buffer)) > 0) {
        bytes_read += (uint64_t)got;
        take(c, buffer, (size_t)got);
        if (got < (ssize_t)sizeof buffer) return;
    }
    if (got == 0) {
        fprintf(stderr, "load: the server closed a connection\n");
        exit(1);
    }
    if (errno != EAGAIN) fail("read");
}

static void send_all(int fd, const char *data, size_t len) {
    while (len) {
        ssize_t sent = write(fd, data, len);
        if (sent < 0) fail("write");
        data += sent;
        len -= (size_t)sent;
    }
}

static void subscribe(int fd, int number, int each, int skus) {
    char text[8192], frame[8192 + 8];
    int len = snprintf(text, sizeof text, "{\"op\":\"subscribe\",\"skus\":[");
    for (int i = 0; i < each; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%s\"SKU-%07d\"", i ? "," : "", (number * each + i) % skus);
    len += snprintf(text + len, sizeof text - (size_t)len, "]}");
    int head = len < 126 ? 6 : 8; /* With a mask of zeros, which changes nothing. */
    memset(frame, 0, (size_t)head);
    frame[0] = (char)0x81;
    frame[1] = (char)(0x80 | (len < 126 ? len : 126));
    if (len >= 126) {
        frame[2] = (char)(len >> 8);
        frame[3] = (char)len;
    }
    memcpy(frame + head, text, (size_t)len);
    send_all(fd, frame, (size_t)(head + len));
}

static void open_client(struct client *c, int number, int port, const char *path, int each, int skus, int epoll) {
    char head[512], byte;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    /* Ports of one address are too few for all, and those of the crowd before rest for a minute: 127.x.y.z are this
     * machine, too, so each crowd has addresses of its own. */
    uint32_t own = 0x7f000001u + ((uint32_t)getpid() & 0xffff) * 256 + (uint32_t)(number / 20000);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(own)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&from, sizeof from)) fail("socket");
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to)) fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int len = snprintf(head, sizeof head,
                       "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                       path, port);
    send_all(c->fd, head, (size_t)len);
    while (!c->greeted) { /* Byte by byte, so that nothing of the first frame is lost. */
        if (read(c->fd, &byte, 1) != 1) fail("handshake");
        take(c, (uint8_t *)&byte, 1);
    }
    if (each) subscribe(c->fd, number, each, skus);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event)) fail("epoll");
}

/* Read what comes for a while: whoever is connected already is pinged, too. */
static void pause_until(int epoll, uint64_t until_ns) {
    static struct epoll_event events[MOST_EVENTS];
    do {
        int ready = epoll_wait(epoll, events, MOST_EVENTS, now_ns() + 1000000 < until_ns);
        for (int i = 0; i < ready; i++) drain(events[i].data.ptr);
    } while (now_ns() < until_ns);
}

/* Read what comes until so much has, or somebody says something on stdin if `wanted` is 0. */
static void serve(int epoll, uint64_t *counter, uint64_t wanted) {
    static struct epoll_event events[MOST_EVENTS];
    uint64_t until_ns = wanted ? now_ns() + WITHIN_S * 1000000000ull : UINT64_MAX;
    while ((!wanted || *counter < wanted) && now_ns() < until_ns) {
        int ready = epoll_wait(epoll, events, MOST_EVENTS, 100), spoken = 0;
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr) drain(events[i].data.ptr);
            else spoken = 1;
        }
        if (spoken && !wanted) return;
    }
}

int main(int argc, char **argv) {
    if (argc != 8) {
        fprintf(stderr, "load PORT PATH CLIENTS PER_SECOND SKUS_EACH SKUS RECORDS\n");
        return 2;
    }
    int port = atoi(argv[1]), count = atoi(argv[3]), per_second = atoi(argv[4]), each = atoi(argv[5]), skus = atoi(argv[6]);
    int epoll = epoll_create1(0);
    clients = calloc((size_t)count, sizeof *clients);
    if (strcmp(argv[7], "-") && !(records = fopen(argv[7], "wb"))) fail(argv[7]);
    for (int i = 0; i < count; i++) {
        uint64_t next_ns = now_ns() + 1000000000ull / (uint64_t)per_second;
        open_client(&clients[i], i, port, argv[2], each, skus, epoll);
        pause_until(epoll, next_ns);
    }
    if (each) serve(epoll, &told, (uint64_t)count);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event)) fail("epoll");
    printf("ready\n");
    fflush(stdout);
    char line[32];
    setvbuf(stdin, NULL, _IONBF, 0); /* Or a line might wait where epoll does not see it. */
    for (;;) {
        serve(epoll, &told, 0);
        if (!fgets(line, sizeof line, stdin)) return 0;
        uint64_t wanted = strtoull(line, NULL, 10);
        if (wanted) {
            values = frames = bytes_read = first_ns = last_ns = 0;
            serve(epoll, &values, wanted);
        }
        printf("{\"values\":%llu,\"frames\":%llu,\"bytes\":%llu,\"first_ns\":%llu,\"last_ns\":%llu}\n",
               (unsigned long long)values, (unsigned long long)frames, (unsigned long long)bytes_read,
               (unsigned long long)first_ns, (unsigned long long)last_ns);
        fflush(stdout);
        if (records) fflush(records);
        values = frames = bytes_read = first_ns = last_ns = 0;
    }
}
