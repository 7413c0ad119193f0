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
    else if (argc == 2 && !strcmp(argv[1], "bench"))
        bench();
    else
        return 2;
    return 0;
}
