// SPDX-License-Identifier: MIT
//
// first.cc - libgridcall from C++: who am I, asked and awaited in a loop
//
// usage: first KEY-FILE-OR-ADDRESS
#include <gridcall/gridcall.h>

#include <poll.h>

#include <iostream>
#include <memory>
#include <string>

namespace
{
struct Closer {
	void operator()(gridcall_client *client) const
	{
		gridcall_close(client);
	}
};

void on_answer(void *data, const gridcall_answer *answer)
{
	auto *name = static_cast<std::string *>(data);

	*name = answer->rc ? answer->fault->sentence
			   : answer->reply->whoami->principal;
}
} // namespace

int main(int argc, char **argv)
{
	gridcall_config config = {};
	gridcall_fault fault = {};
	std::string where = argc > 1 ? argv[1] : "";
	std::string name;

	(where.find("://") == std::string::npos ? config.key_file
						: config.address) = argv[1];
	std::unique_ptr<gridcall_client, Closer> client(
		gridcall_open(&config, &fault));
	if (!client) {
		std::cerr << fault.sentence << '\n';
		return 1;
	}
	Gridcall__V1__WhoamiRequest whoami =
		GRIDCALL__V1__WHOAMI_REQUEST__INIT;
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	request.body_case = GRIDCALL__V1__REQUEST__BODY_WHOAMI;
	request.whoami = &whoami;
	gridcall_sent sent = {};
	sent.on_answer = on_answer;
	sent.data = &name;
	if (!gridcall_send(client.get(), &request, &sent, &fault))
		return 1;
	while (name.empty()) {
		pollfd fd = {gridcall_fd(client.get()), POLLIN, 0};
		(void)poll(&fd, 1, -1);
		gridcall_process(client.get());
	}
	std::cout << name << '\n';
	return 0;
}
