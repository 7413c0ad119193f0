/* Runs the detectors and generators of libspandsp on 16-bit raw audio, so that
 * tests can compare ours with them. Built by the tests; links as a program of
 * its own. */
#define SPANDSP_EXPOSE_INTERNAL_STRUCTURES
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <math.h>
#include <spandsp.h>
#include <spandsp/expose.h>

/* libspandsp 0.0.6 was built with traces to standard output; keep them off. */
int __printf_chk(int flag, const char *format, ...)
{
    (void) flag; (void) format;
    return 0;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static int16_t *read_all(int *n)
{
    size_t room = 1 << 20, have = 0, got;
    char *b = malloc(room);

    while ((got = fread(b + have, 1, room - have, stdin)) > 0)
        if ((have += got) == room)
            b = realloc(b, room *= 2);
    *n = have / 2;
    return (int16_t *) b;
}

/* Each record on stdin is a 32-bit length in samples and that many samples, for
 * a fresh receiver. A line of digits comes out for each. */
static void dtmf(int notch)
{
    int32_t n;

    while (fread(&n, 4, 1, stdin) == 1) {
        int16_t *x = malloc(2 * n);
        char digits[129];
        dtmf_rx_state_t *s = dtmf_rx_init(NULL, NULL, NULL);
        int at;

        if (fread(x, 2, n, stdin) != (size_t) n)
            exit(1);
        if (notch)
            dtmf_rx_parms(s, 1, -1, -1, -99);
        digits[0] = 0;
        for (at = 0; at < n; at += 80)
            dtmf_rx(s, x + at, n - at < 80 ? n - at : 80);
        digits[dtmf_rx_get(s, digits, 128)] = 0;
        puts(digits);
        dtmf_rx_free(s);
        free(x);
    }
}

static char heard[1024];

static void on_message(void *user, const uint8_t *msg, int len)
{
    int i;

    (void) user;
    for (i = 0; i < len && 2 * i < (int) sizeof heard - 3; i++)
        sprintf(heard + 2 * i, "%02x", msg[i]);
}

/* Records as for dtmf, for a fresh caller ID receiver of a standard: class, clip,
 * jclip or dtmf. The message comes out in hexadecimal. */
static void adsi(const char *name)
{
    int32_t n;
    int standard = !strcmp(name, "class") ? ADSI_STANDARD_CLASS : !strcmp(name, "clip") ? ADSI_STANDARD_CLIP :
        !strcmp(name, "jclip") ? ADSI_STANDARD_JCLIP : ADSI_STANDARD_CLIP_DTMF;

    while (fread(&n, 4, 1, stdin) == 1) {
        int16_t *x = malloc(2 * n);
        adsi_rx_state_t *s = adsi_rx_init(NULL, standard, on_message, NULL);

        if (fread(x, 2, n, stdin) != (size_t) n)
            exit(1);
        heard[0] = 0;
        adsi_rx(s, x, n);
        puts(heard);
        adsi_rx_free(s);
        free(x);
    }
}

/* Losses is a string of 0 and 1, one for each 160 samples. */
static void conceal(const char *losses)
{
    int n, at;
    int16_t *x = read_all(&n);
    plc_state_t *s = plc_init(NULL);

    for (at = 0; at + 160 <= n; at += 160) {
        if (losses[at / 160] == '1')
            plc_fillin(s, x + at, 160);
        else
            plc_rx(s, x + at, 160);
    }
    fwrite(x, 2, n, stdout);
}

static int last_tone;

static void on_tone(void *user, int code, int level, int delay)
{
    (void) user; (void) level; (void) delay;
    if (code >= 0)
        last_tone = code;
}

/* Plan is tones parted by slashes, each of elements f1:f2:min:max parted by
 * commas. For each record on stdin, as in dtmf, the number of the tone that was
 * recognized comes out, -1 for none. */
static void tones(char *plan)
{
    super_tone_rx_descriptor_t *d = super_tone_rx_make_descriptor(NULL);
    int32_t n;
    char *t, *e, *tmore, *emore;

    for (t = strtok_r(plan, "/", &tmore); t; t = strtok_r(NULL, "/", &tmore)) {
        int id = super_tone_rx_add_tone(d);

        for (e = strtok_r(t, ",", &emore); e; e = strtok_r(NULL, ",", &emore)) {
            int f1, f2, min, max;

            if (sscanf(e, "%d:%d:%d:%d", &f1, &f2, &min, &max) != 4)
                exit(2);
            super_tone_rx_add_element(d, id, f1, f2, min, max);
        }
    }
    while (fread(&n, 4, 1, stdin) == 1) {
        int16_t *x = malloc(2 * n);
        super_tone_rx_state_t *s = super_tone_rx_init(NULL, d, on_tone, NULL);
        int at;

        if (fread(x, 2, n, stdin) != (size_t) n)
            exit(1);
        last_tone = -1;
        for (at = 0; at < n; at += super_tone_rx(s, x + at, n - at < 160 ? n - at : 160))
            ;
        printf("%d\n", last_tone);
        super_tone_rx_free(s);
        free(x);
    }
}

static char tones_heard[256];

static void on_connect_tone(void *user, int tone, int level, int delay)
{
    (void) user; (void) level; (void) delay;
    snprintf(tones_heard + strlen(tones_heard), sizeof tones_heard - strlen(tones_heard), " %d", tone);
}

/* Records as for dtmf, for a fresh detector of one kind of tone of faxes and
 * modems. What it tells, numbers of kinds, comes out. */
static void connect_tones(int kind)
{
    int32_t n;

    while (fread(&n, 4, 1, stdin) == 1) {
        int16_t *x = malloc(2 * n);
        modem_connect_tones_rx_state_t *s = modem_connect_tones_rx_init(NULL, kind, on_connect_tone, NULL);

        if (fread(x, 2, n, stdin) != (size_t) n)
            exit(1);
        tones_heard[0] = 0;
        modem_connect_tones_rx(s, x, n);
        puts(tones_heard);
        modem_connect_tones_rx_free(s);
        free(x);
    }
}

/* Sends one kind of tone for n samples to stdout. */
static void connect_tone(int kind, int n)
{
    int16_t *x = calloc(n, 2);
    modem_connect_tones_tx_state_t *s = modem_connect_tones_tx_init(NULL, kind);

    modem_connect_tones_tx(s, x, n);
    fwrite(x, 2, n, stdout);
}

static int received;

static void on_bit(void *user, int b)
{
    (void) user;
    if (b >= 0)
        putchar('0' + b);
}

/* Prints the bits that the receiver of V.21 channel 2 hears, as 0 and 1. */
static void v21_rx(void)
{
    int n;
    int16_t *x = read_all(&n);

    fsk_rx(fsk_rx_init(NULL, &preset_fsk_specs[FSK_V21CH2], FSK_FRAME_MODE_SYNC, on_bit, NULL), x, n);
}

static unsigned scramble = 1;

/* The bits that all V.29 calls here carry: a shift register of 23 bits. */
static int random_bit(void *user)
{
    int *left = user;

    if ((*left)-- <= 0)
        return SIG_STATUS_END_OF_DATA;
    scramble = scramble << 1 | ((scramble >> 22 ^ scramble >> 17) & 1);
    return scramble & 1;
}

/* Sends n bits by the modem of V.29 at 9600 bit/s. */
static void v29_send(int n)
{
    int16_t x[160];
    int got;
    v29_tx_state_t *s = v29_tx_init(NULL, 9600, 0, random_bit, &n);

    v29_tx_power(s, -13);
    while ((got = v29_tx(s, x, 160)) > 0)
        fwrite(x, 2, got, stdout);
}

static int wrong, expected;

static void check_bit(void *user, int b)
{
    int endless = 1 << 30;

    (void) user;
    if (b < 0 || received == expected)
        return;
    received++;
    wrong += b != random_bit(&endless);
}

/* Receives what v29_send sent: prints how many of n bits came and how many are
 * wrong. */
static void v29_receive(int n)
{
    int samples;
    int16_t *x = read_all(&samples);

    expected = n;
    v29_rx(v29_rx_init(NULL, 9600, check_bit, NULL), x, samples);
    printf("%d %d\n", received, wrong);
}

/* Prints nanoseconds of thread CPU time for 20 ms of each function on the audio
 * from stdin. */
static void bench(void)
{
    enum { frames = 3000 };
    int n, i, k, at;
    int16_t *x = read_all(&n), out[160], *y = malloc(2 * n);
    uint8_t codes[160];
    double t;
    volatile int sink = 0;

#define RUN(name, body) do { \
        t = now(); \
        for (i = 0, at = 0; i < frames; i++, at = at + 320 > n ? 0 : at + 160) { body; } \
        printf("%s %.0f\n", name, (now() - t) / frames); \
    } while (0)

    dtmf_rx_state_t *rx = dtmf_rx_init(NULL, NULL, NULL);
    RUN("dtmf_rx", dtmf_rx(rx, x + at, 160));
    dtmf_rx_parms(rx, 1, -1, -1, -99);
    RUN("dtmf_rx_notch", dtmf_rx(rx, x + at, 160));

    tone_gen_descriptor_t d;
    tone_gen_state_t tg;
    make_tone_gen_descriptor(&d, 350, -13, 440, -13, 1000, 0, 0, 0, 1);
    tone_gen_init(&tg, &d);
    RUN("tone_pair", tone_gen(&tg, out, 160); sink += out[0]);

    g711_state_t *a = g711_init(NULL, G711_ALAW), *u = g711_init(NULL, G711_ULAW);
    RUN("alaw_encode", g711_encode(a, codes, x + at, 160); sink += codes[0]);
    RUN("alaw_decode", g711_decode(a, out, codes, 160); sink += out[0]);
    RUN("ulaw_encode", g711_encode(u, codes, x + at, 160); sink += codes[0]);
    RUN("ulaw_decode", g711_decode(u, out, codes, 160); sink += out[0]);

    plc_state_t *p = plc_init(NULL);
    RUN("plc_good", plc_rx(p, x + at, 160));
    double lost = 0;
    for (k = 0, at = 0; k < frames; k++, at = at + 640 > n ? 0 : at + 480) {
        memcpy(y, x + at, 640);
        plc_rx(p, y, 160);
        plc_rx(p, y + 160, 160);
        t = now();
        plc_fillin(p, out, 160);
        lost += now() - t;
    }
    printf("plc_lost %.0f\n", lost / frames);

    modem_connect_tones_rx_state_t *m1 = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CNG, NULL, NULL);
    modem_connect_tones_rx_state_t *m2 = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_ANS_PR, NULL, NULL);
    modem_connect_tones_rx_state_t *m3 = modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_PREAMBLE, NULL, NULL);
    RUN("fax_tones", {
        modem_connect_tones_rx(m1, x + at, 160);
        modem_connect_tones_rx(m2, x + at, 160);
        modem_connect_tones_rx(m3, x + at, 160);
    });

    super_tone_rx_descriptor_t *sd = super_tone_rx_make_descriptor(NULL);
    int st = super_tone_rx_add_tone(sd);
    super_tone_rx_add_element(sd, st, 480, 620, 400, 600);
    super_tone_rx_add_element(sd, st, 0, 0, 400, 600);
    st = super_tone_rx_add_tone(sd);
    super_tone_rx_add_element(sd, st, 440, 480, 1700, 2300);
    super_tone_rx_add_element(sd, st, 0, 0, 3400, 4600);
    super_tone_rx_state_t *sr = super_tone_rx_init(NULL, sd, on_tone, NULL);
    RUN("progress", for (k = 0; k < 160; k += super_tone_rx(sr, x + at + k, 160 - k)));

    /* Data of caller ID, sent again whenever they end, and heard. */
    adsi_tx_state_t *ct = adsi_tx_init(NULL, ADSI_STANDARD_CLASS);
    adsi_rx_state_t *cr = adsi_rx_init(NULL, ADSI_STANDARD_CLASS, on_message, NULL);
    uint8_t m[256];
    int len = adsi_add_field(ct, m, -1, CLASS_MDMF_CALLERID, NULL, 0), got;
    int16_t *data = calloc(frames, 320);

    len = adsi_add_field(ct, m, len, MCLASS_CALLER_NUMBER, (const uint8_t *) "5551234", 7);
    adsi_tx_put_message(ct, m, len);
    RUN("cid_tx", {
        if ((got = adsi_tx(ct, data + i * 160, 160)) < 160)
            adsi_tx_put_message(ct, m, len);
    });
    RUN("cid_rx", adsi_rx(cr, data + i * 160, 160));

    /* An echo of 32 ms, 12 dB down and 5 ms late, while it is learnt. */
    echo_can_state_t *ec = echo_can_init(256, ECHO_CAN_USE_ADAPTION);
    RUN("echo_32", for (k = 0; k < 160; k++)
        sink += echo_can_update(ec, x[at + k], at + k < 40 ? 0 : x[at + k - 40] / 4));
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "dtmf"))
        dtmf(0);
    else if (argc == 2 && !strcmp(argv[1], "dtmf-notch"))
        dtmf(1);
    else if (argc == 3 && !strcmp(argv[1], "plc"))
        conceal(argv[2]);
    else if (argc == 3 && !strcmp(argv[1], "adsi"))
        adsi(argv[2]);
    else if (argc == 3 && !strcmp(argv[1], "tones"))
        tones(argv[2]);
    else if (argc == 3 && !strcmp(argv[1], "connect"))
        connect_tones(atoi(argv[2]));
    else if (argc == 4 && !strcmp(argv[1], "connect-tx"))
        connect_tone(atoi(argv[2]), atoi(argv[3]));
    else if (argc == 2 && !strcmp(argv[1], "v21-rx"))
        v21_rx();
    else if (argc == 3 && !strcmp(argv[1], "v29-tx"))
        v29_send(atoi(argv[2]));
    else if (argc == 3 && !strcmp(argv[1], "v29-rx"))
        v29_receive(atoi(argv[2]));
    else if (argc == 2 && !strcmp(argv[1], "bench"))
        bench();
    else
        return 2;
    return 0;
}
