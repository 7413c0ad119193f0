/*
 * Runs an echo canceller of a C library over a recording.
 *
 *   judge spandsp|speex TAPS RUNS < in > out
 *
 * In are frames of 160 samples of the far end, each followed by 160 of the near
 * end; out are frames of the near end without echo. All are 16-bit, of this
 * machine. Standard error gets the thread's CPU time for a frame of 20 ms in
 * nanoseconds, one line for each of RUNS runs; the first one makes the output.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <spandsp.h>
#include <speex/speex_echo.h>

#define FRAME 160

/* libspandsp 0.0.6 was built with traces to standard output; keep them off. */
int __printf_chk(int flag, const char *format, ...)
{
	(void)flag;
	(void)format;
	return 0;
}

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void spandsp(int taps, const int16_t *in, int16_t *out, int frames)
{
	echo_can_state_t *ec = echo_can_init(taps, ECHO_CAN_USE_ADAPTION);
	for (int f = 0; f < frames; f++)
		for (int i = 0; i < FRAME; i++)
			out[f * FRAME + i] = echo_can_update(ec, in[2 * f * FRAME + i], in[(2 * f + 1) * FRAME + i]);
	echo_can_free(ec);
}

static void speex(int taps, const int16_t *in, int16_t *out, int frames)
{
	SpeexEchoState *st = speex_echo_state_init(FRAME, taps);
	int rate = 8000;
	speex_echo_ctl(st, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
	for (int f = 0; f < frames; f++)
		speex_echo_cancellation(st, in + (2 * f + 1) * FRAME, in + 2 * f * FRAME, out + f * FRAME);
	speex_echo_state_destroy(st);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	size_t have = 0, room = 1 << 20;
	int16_t *in = malloc(room * sizeof *in);
	for (size_t n; (n = fread(in + have, sizeof *in, room - have, stdin)) > 0;) {
		have += n;
		if (have == room)
			in = realloc(in, (room *= 2) * sizeof *in);
	}
	int frames = have / (2 * FRAME);
	int16_t *out = malloc((frames + 1) * FRAME * sizeof *out);
	for (int run = 0; run < atoi(argv[3]); run++) {
		int64_t from = now();
		(strcmp(argv[1], "speex") ? spandsp : speex)(atoi(argv[2]), in, out, frames);
		fprintf(stderr, "%lld\n", (long long)((now() - from) / frames));
		if (run == 0)
			fwrite(out, sizeof *out, frames * FRAME, stdout);
	}
	return 0;
}
