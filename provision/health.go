package provision

import (
	"fmt"
	"time"
)

// Health is what a trial is judged by.
type Health struct {
	Lines []LineHealth
	Sound bool // the audio clock runs
	Calls int  // calls in progress
	// Emergency is when the last emergency call ended, zero: there was none.
	Emergency time.Time
}

// LineHealth is how one line is.
type LineHealth struct {
	Enabled    bool
	Up         bool // the port answers
	Pending    bool // a configuration waits until the telephone is hung up
	Registers  bool // its account is to be registered
	Registered bool
	Since      time.Time // the registrar's last consent, zero: there was none
	Code       int       // its last answer, 0: there was none
}

// fresh is how old a registration may be for its loss to prove anything.
const fresh = 10 * time.Minute

// verdict is what a trial has come to.
type verdict struct {
	good   bool
	alarm  string // good, but somebody must look
	reason string // why it is not good, yet
}

// judge compares how the lines are with how they were before the trial began at
// start. Lines that lose what they had condemn it; what did not work before
// proves nothing.
func judge(before, now Health, start time.Time, renewed []bool) verdict {
	v := verdict{good: true}
	switch {
	case len(now.Lines) < len(before.Lines):
		return verdict{reason: "the device begins anew"}
	case before.Sound && !now.Sound:
		return verdict{reason: "the audio clock has stopped"}
	}
	for i, l := range now.Lines {
		switch was := lineOf(before.Lines, i); {
		case !l.Enabled:
		case was.Enabled && was.Up && !l.Up:
			return verdict{reason: fmt.Sprintf("line %d: the port does not answer", i+1)}
		case l.Pending:
			return verdict{reason: fmt.Sprintf("line %d: still in use", i+1)}
		case !l.Registers, l.Registered && (!renewed[i] || l.Since.After(start)):
		case refused(l.Code) && renewed[i] && !l.Registered:
			// the account has changed, so the old password is dead as well
			v.alarm = fmt.Sprintf("line %d: the registrar refuses the account (%d)", i+1, l.Code)
		case !was.Registered && start.Sub(was.Since) > fresh:
		default:
			return verdict{reason: fmt.Sprintf("line %d: not registered", i+1)}
		}
	}
	return v
}

func lineOf(lines []LineHealth, i int) LineHealth {
	if i < len(lines) {
		return lines[i]
	}
	return LineHealth{}
}

// refused reports whether a registrar's answer is about the account.
func refused(code int) bool { return code == 401 || code == 403 || code == 404 || code == 407 }

// silent reports whether a line has no answer from its registrar.
func (h Health) silent() bool {
	for _, l := range h.Lines {
		if l.Enabled && l.Registers && !l.Registered && !refused(l.Code) {
			return true
		}
	}
	return false
}
