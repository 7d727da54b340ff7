//! What every typed command can do: be read from a message and be printed.
//!
//! In and out: a [`Message`]. One command to a file, request and answer together: `base/`, `cx/`.

use crate::avp::Avps;
use crate::builder::{Builder, TooLong};
use crate::failure::{Failure, FailureKind};
use crate::header::{ApplicationId, CommandCode, Flags};
use crate::message::Message;
use crate::value::Reading;

/// A request or an answer of one command.
pub trait Command: Sized {
    /// Its code.
    const COMMAND: CommandCode;
    /// Its application.
    const APPLICATION: ApplicationId;
    /// R for a request, P where it may be proxied.
    const FLAGS: Flags;

    /// Reads the AVPs by the command's grammar.
    fn read(avps: Avps<'_>, reading: &Reading<'_>) -> Result<Self, Failure>;

    /// Appends the AVPs, and sets the E bit if the result is a protocol error.
    fn write(&self, out: &mut Builder);

    /// Reads a message. Failure: COMMAND_UNSUPPORTED if it is another command, or what its AVPs are at fault with.
    fn parse(message: &Message, reading: &Reading<'_>) -> Result<Self, Failure> {
        let header = message.header();
        let is_this = header.command == Self::COMMAND
            && header.application == Self::APPLICATION
            && header.is_request() == Self::FLAGS.contains(Flags::REQUEST);
        if !is_this {
            return Err(Failure::of_message(FailureKind::CommandUnsupported));
        }
        Self::read(message.avps(), reading)
    }

    /// Prints a message. Its identifiers are zero until a node sends it.
    fn print(&self) -> Result<Message, TooLong> {
        let mut builder = Builder::new(Self::FLAGS, Self::COMMAND, Self::APPLICATION);
        self.write(&mut builder);
        builder.finish()
    }
}
