#include "io/dicom/jpeg_warnings.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/oflog/appender.h>
#include <dcmtk/oflog/oflog.h>
#include <dcmtk/oflog/spi/logevent.h>

namespace io {
namespace {

namespace log = dcmtk::log4cplus;

/// Where the warnings of this thread go; null if nobody listens.
thread_local std::string* listener = nullptr;

/// A destination of DCMTK's log that prints nothing: libjpeg's warnings come no other way.
class ListenerAppender : public log::Appender {
 public:
  ListenerAppender() = default;
  ListenerAppender(const ListenerAppender&) = delete;
  ListenerAppender& operator=(const ListenerAppender&) = delete;
  ~ListenerAppender() override { destructorImpl(); }

  void close() override { closed = true; }

 protected:
  void append(const log::spi::InternalLoggingEvent& event) override {
    if (listener != nullptr && listener->empty()) *listener = event.getMessage().c_str();
  }
};

}  // namespace

void catch_jpeg_warnings() {
  OFLogger logger = OFLog::getLogger("dcmtk.dcmjpeg");
  logger.setAdditivity(false);  // to this destination and to no other
  logger.addAppender(log::SharedAppenderPtr(new ListenerAppender));
  logger.setLogLevel(OFLogger::WARN_LOG_LEVEL);
}

JpegWarnings::JpegWarnings() { listener = &first_; }

JpegWarnings::~JpegWarnings() { listener = nullptr; }

}  // namespace io
